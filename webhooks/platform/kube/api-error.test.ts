import { expect, it } from '@jest/globals';
import { errorFromAnswer } from './api-error.ts';

const refusal = (causes: readonly unknown[]) =>
  errorFromAnswer({ request: 'POST', status: 422, body: { message: 'no', reason: 'Invalid', details: { causes } } });

it('keeps the fields that an object was refused for, and not what is no field', () => {
  const causes = [{ field: 'metadata.name', message: 'x' }, { message: 'y' }, 'z', { field: 7 }, { field: 'a\nb' }];
  expect(refusal(causes).fields).toEqual(['metadata.name', 'a b']);
  expect(refusal([])).not.toHaveProperty('fields');
});

it('keeps few of them, and short ones', () => {
  const fields = refusal(Array.from({ length: 1_000 }, () => ({ field: 'x'.repeat(5_000) }))).fields ?? [];
  expect(fields.length).toBeGreaterThan(0);
  expect(fields.length).toBeLessThanOrEqual(20);
  for (const field of fields) expect(field.length).toBeLessThanOrEqual(200);
});
