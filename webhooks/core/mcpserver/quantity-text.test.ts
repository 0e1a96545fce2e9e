import { expect, it } from '@jest/globals';
import { likelyQuantities, quantityPattern } from './quantity-text.ts';

it.each([
  ['64MB', ['64M', '64Mi']],
  ['64mb', ['64M', '64Mi']],
  ['64 Mb', ['64M', '64Mi']],
  ['1.5g', ['1.5G', '1.5Gi']],
  ['10K', ['10k', '10Ki']],
  ['64MiB', ['64Mi']],
  ['64MI', ['64Mi']],
  ['500 m', ['500m']],
  [' 1Gi ', ['1Gi']],
  ['500mCPU', ['500m']],
  ['2 cores', ['2']],
  ['100 bytes', ['100']],
])('%j was likely meant as %j', (text, likely) => {
  expect(likelyQuantities(text)).toEqual(likely);
  for (const one of likely) expect(one).toMatch(new RegExp(quantityPattern));
});

it.each(['', 'lots', '64 parsecs', '50%', '1,5Gi', '1 Gi of it', 'MB', '9'.repeat(21)])(
  'nobody can tell what %j was meant as',
  (text) => {
    expect(likelyQuantities(text)).toEqual([]);
  },
);
