import { beforeAll } from '@jest/globals';
import { ensureAsUsual } from './installation.ts';

beforeAll(ensureAsUsual);
