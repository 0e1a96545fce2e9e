// Stands in for tdigest, with its trees, in the bundle: what a Summary of prom-client counts with, and we have no Summary.
'use strict';

exports.TDigest = class {
  constructor() {
    throw new Error('This image counts no summaries: use a histogram.');
  }
};
