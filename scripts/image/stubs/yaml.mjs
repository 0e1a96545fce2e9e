/* global require -- the bundler makes CommonJS of it */
// What is used of the package yaml, loaded when it is: most manifests are in a plain style that is read without it
// (webhooks/platform/manifests/read-block-style.ts), and it is a sixth of what a check would compile.
let loaded;

function yaml() {
  loaded ??= require('../../../node_modules/yaml/dist/index.js');
  return loaded;
}

// A constructor that returns an object makes that object.
export function Composer(options) {
  return new (yaml().Composer)(options);
}
export function Document(value, options) {
  return new (yaml().Document)(value, options);
}
export function LineCounter() {
  return new (yaml().LineCounter)();
}
export function Pair(key, value) {
  return new (yaml().Pair)(key, value);
}
export function Parser(onNewLine) {
  return new (yaml().Parser)(onNewLine);
}
export function Scalar(value) {
  return new (yaml().Scalar)(value);
}
export function Schema(options) {
  return new (yaml().Schema)(options);
}
export function YAMLMap(schema) {
  return new (yaml().YAMLMap)(schema);
}
export function YAMLSeq(schema) {
  return new (yaml().YAMLSeq)(schema);
}

export const isAlias = (node) => yaml().isAlias(node);
export const isMap = (node) => yaml().isMap(node);
export const isScalar = (node) => yaml().isScalar(node);
export const isSeq = (node) => yaml().isSeq(node);
export const parseDocument = (text, options) => yaml().parseDocument(text, options);
export const visit = (node, visitor) => yaml().visit(node, visitor);
