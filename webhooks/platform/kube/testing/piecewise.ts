import type { ApiRequest, ApiResult } from '../api.ts';
import { isRecord } from '../object.ts';

/**
 * The answer of a fake to a request that takes it piece by piece, written as API servers do: the keys of maps are
 * sorted, `data` comes before `binaryData`.
 */
export function piecewise({ onChunk, maxBytes = Infinity }: ApiRequest, result: ApiResult): ApiResult {
  if (onChunk === undefined || !result.ok) return result;
  const { data, binaryData, ...rest } = isRecord(result.body) ? result.body : {};
  const bytes = Buffer.from(`${JSON.stringify({ ...rest, data: sorted(data), binaryData: sorted(binaryData) })}\n`);
  onChunk(bytes.subarray(0, maxBytes));
  return bytes.length > maxBytes ? tooLarge : { ok: true, body: undefined };
}

const tooLarge: ApiResult = {
  ok: false,
  error: { status: 0, reason: 'TooLarge', message: 'the answer is too long', retry: false },
};

function sorted(map: unknown): Readonly<Record<string, unknown>> | undefined {
  return isRecord(map) ? Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))) : undefined;
}
