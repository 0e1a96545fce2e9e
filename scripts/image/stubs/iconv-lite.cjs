// Stands in for iconv-lite in the bundle (half a megabyte of tables): every body that we read is UTF-8 JSON.
'use strict';

const { TextDecoder } = require('node:util');

const isUtf8 = (encoding) => /^utf-?8$/i.test(encoding);

exports.encodingExists = isUtf8;

exports.getDecoder = (encoding) => {
  if (!isUtf8(encoding)) throw new Error(`Encoding not recognized: ${encoding}`);
  const decoder = new TextDecoder('utf-8');
  return { write: (bytes) => decoder.decode(bytes, { stream: true }), end: () => decoder.decode() };
};

exports.decode = (bytes, encoding) => {
  if (!isUtf8(encoding)) throw new Error(`Encoding not recognized: ${encoding}`);
  return new TextDecoder('utf-8').decode(bytes);
};
