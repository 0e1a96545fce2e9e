import base from './jest.config.js';

/** As e2e/cases, one after another: each brings components of other projects along. */
export default { ...base, roots: ['<rootDir>/e2e/ecosystem'], maxWorkers: 1 };
