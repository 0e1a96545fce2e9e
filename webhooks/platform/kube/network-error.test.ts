import { expect, it } from '@jest/globals';
import { networkFailure } from './network-error.ts';

const coded = (code: string, rest: object = {}): Error =>
  Object.assign(new Error(`what Node says about ${code}`), { code, ...rest });

it('types what people call a failure', () => {
  expect(networkFailure(coded('ECONNRESET'))).toEqual({
    cause: 'closed',
    text: 'the connection was closed before the answer was complete',
  });
});

it('knows a TLS port by the record that answers plain HTTP', () => {
  const alert = Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x0a]);
  expect(networkFailure(coded('HPE_INVALID_CONSTANT', { rawPacket: alert }))).toMatchObject({ cause: 'speaks-tls' });
  expect(networkFailure(coded('HPE_INVALID_CONSTANT', { rawPacket: Buffer.from('SSH-2.0') }))).toMatchObject({
    cause: 'not-http',
  });
});

it('names whose certificate it is, in lines of their own and not too many', () => {
  const subjectaltname = [
    'DNS:a.example',
    'DNS:b\u202e\n.example',
    'IP Address:10.0.0.1',
    ...Array.from({ length: 90 }, () => 'DNS:x'),
  ].join(', ');
  const failure = networkFailure(coded('ERR_TLS_CERT_ALTNAME_INVALID', { cert: { subjectaltname } }));
  expect(failure).toEqual({
    cause: 'certificate-names',
    text: 'the TLS certificate is for another host name',
    names: ['a.example', 'b .example', '10.0.0.1', 'x', 'x'],
  });
});

it('takes the common name of a certificate without other names', () => {
  const cert = { subject: { CN: 'old.example' } };
  expect(networkFailure(coded('ERR_TLS_CERT_ALTNAME_INVALID', { cert })).names).toEqual(['old.example']);
});

it('bounds what Node repeats of the other side', () => {
  const { text } = networkFailure(new Error(`Hostname does not match: ${'\ud83e'.repeat(5_000)}`));
  expect(text.length).toBeLessThanOrEqual(300);
  expect(text.isWellFormed()).toBe(true);
});
