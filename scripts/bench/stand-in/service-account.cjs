// Preloaded into the program that is measured: it finds itself in a pod, whose token and CA are in a folder of this machine.
'use strict';
const fs = require('node:fs');
const promises = require('node:fs/promises');

const inPod = '/var/run/secrets/kubernetes.io/serviceaccount';
const { existsSync } = fs;
const { readFile } = promises;
const { STAND_IN_SERVICE_ACCOUNT: folder } = process.env;

const here = (path) => (typeof path === 'string' && path.startsWith(inPod) ? folder + path.slice(inPod.length) : path);

fs.existsSync = (path) => existsSync(here(path));
promises.readFile = (path, options) => readFile(here(path), options);
