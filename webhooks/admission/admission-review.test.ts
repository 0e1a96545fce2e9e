import { describe, expect, it } from '@jest/globals';
import { allowed, denied, errored, parseAdmissionReview, patched, renderAdmissionReview } from './admission-review.ts';
import { aReview } from './testing/review.ts';

describe('parsing', () => {
  it('reads what decisions need', () => {
    expect(parseAdmissionReview(aReview({ object: { a: 1 }, operation: 'UPDATE', oldObject: { a: 0 } }))).toEqual({
      ok: true,
      request: {
        uid: 'f0e1',
        kind: { group: 'mcp.x-k8s.io', version: 'v1beta1', kind: 'MCPServer' },
        subResource: '',
        operation: 'UPDATE',
        name: 'search',
        namespace: 'mcp',
        dryRun: false,
        userName: 'kubernetes-admin',
        object: { a: 1 },
        oldObject: { a: 0 },
      },
    });
  });

  const review = aReview();
  const request = { uid: 'x', kind: {}, operation: 'CREATE' };
  const cases: readonly (readonly [string, unknown])[] = [
    ['null', null],
    ['a text', 'hello'],
    ['a list', []],
    ['another kind', { ...review, kind: 'Pod' }],
    ['another version', { ...review, apiVersion: 'admission.k8s.io/v1beta1' }],
    ['a review without a request', { ...review, request: null }],
    ['a request without a uid', { ...review, request: { ...request, uid: '' } }],
    ['a uid that is no text', { ...review, request: { ...request, uid: 7 } }],
    ['a uid that is a book', { ...review, request: { ...request, uid: 'x'.repeat(129) } }],
    ['an operation that does not exist', { ...review, request: { ...request, operation: 'PATCH' } }],
    ['a request without a kind', { ...review, request: { ...request, kind: 'MCPServer' } }],
  ];
  it.each(cases)('refuses %s with a sentence', (_, body) => {
    expect(parseAdmissionReview(body)).toEqual({ ok: false, problem: expect.stringMatching(/\.$/) });
  });

  it('survives fields of the wrong type', () => {
    const parsed = parseAdmissionReview({ ...review, request: { ...request, name: 7, namespace: {}, userInfo: [] } });
    expect(parsed).toMatchObject({ ok: true, request: { name: '', namespace: '', userName: '' } });
  });
});

describe('rendering', () => {
  const render = (answer: Parameters<typeof renderAdmissionReview>[1]): unknown =>
    (JSON.parse(renderAdmissionReview('u1', answer)) as { response: unknown }).response;

  it('is a review of v1', () => {
    expect(JSON.parse(renderAdmissionReview('u1', allowed()))).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'u1', allowed: true },
    });
  });

  it('allows with warnings and audit annotations', () => {
    const remarks = { warnings: ['w'], auditAnnotations: { decision: 'allowed' } };
    expect(render(allowed(remarks))).toEqual({ uid: 'u1', allowed: true, ...remarks });
    expect(render(allowed({ warnings: [] }))).toEqual({ uid: 'u1', allowed: true });
  });

  it('denies with the status that kubectl prints line by line', () => {
    const causes = [{ field: 'spec.a', message: 'is wrong.' }];
    const of = { group: 'g', kind: 'K', name: 'n' };
    expect(render(denied({ of, causes, ruleIds: ['r'] }))).toEqual({
      uid: 'u1',
      allowed: false,
      status: {
        status: 'Failure',
        code: 422,
        reason: 'Invalid',
        message: 'spec.a: is wrong.',
        details: { ...of, causes: [{ reason: 'FieldValueInvalid', field: 'spec.a', message: 'is wrong.' }] },
      },
    });
  });

  it('shows what is in quotes, behind a backslash or beyond ASCII as it was written, in a cause and in the message', () => {
    const causes = [
      { field: 'spec.extraLabels[a"b]', message: "found '\"\\\n\u{1f50e}'." },
      { field: 'spec', message: 'ü' },
    ];
    const name = 'a"\\';
    const answer = denied({ of: { group: 'g', kind: 'K', name }, causes, ruleIds: ['r'], warnings: ['"', '\\'] });
    const message = causes.map((cause) => `${cause.field}: ${cause.message}`).join('; ');
    expect(render(answer)).toMatchObject({ status: { message, details: { name, causes } }, warnings: ['"', '\\'] });
  });

  it('sends a patch with its type, or neither', () => {
    const patch = [{ op: 'add', path: '/a', value: 'ü' }] as const;
    const encoded = Buffer.from(JSON.stringify(patch)).toString('base64');
    expect(render(patched(patch))).toEqual({ uid: 'u1', allowed: true, patchType: 'JSONPatch', patch: encoded });
    expect(render(patched([]))).toEqual({ uid: 'u1', allowed: true });
  });

  it('tells a bug as an internal error, or lets the request pass', () => {
    const status = { status: 'Failure', code: 500, reason: 'InternalError', message: 'oops' };
    expect(render(errored({ isAllowed: false, message: 'oops' }))).toEqual({ uid: 'u1', allowed: false, status });
    expect(render(errored({ isAllowed: true, message: 'oops' }))).toEqual({ uid: 'u1', allowed: true });
  });
});
