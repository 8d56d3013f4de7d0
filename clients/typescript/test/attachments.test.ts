import { expect, it } from 'vitest';
import { pack, readText, unpack } from '../src/attachments.js';

const bytes = (...values: number[]) => new Uint8Array(values);

it('packs the length of the header, the header and the bytes, and unpacks them again', () => {
  const packed = pack({ type: 'message', content: 'é' }, [bytes(1, 2), bytes(), bytes(255)]);
  const header = new TextEncoder().encode('{"type":"message","content":"é","attachments":[2,0,1]}');
  expect([...packed]).toEqual([0, 0, 0, header.length, ...header, 1, 2, 255]);
  expect(unpack(packed.buffer)).toEqual({
    type: 'message',
    content: 'é',
    attachments: [bytes(1, 2), bytes(), bytes(255)],
  });
});

it('takes the part of a larger buffer that an array stands for', () => {
  const buffer = bytes(0, 1, 2, 3).buffer;
  expect(unpack(pack({}, [new Uint8Array(buffer, 1, 2)]).buffer)).toEqual({ attachments: [bytes(1, 2)] });
});

it('throws at every message that is cut off', () => {
  const whole = pack({ type: 'message' }, [bytes(1, 2, 3)]).buffer;
  for (let length = 0; length < whole.byteLength; length++) expect(() => unpack(whole.slice(0, length))).toThrow();
});

it('reads base64 in a text, in a message and in a page of history, and nowhere else', () => {
  expect(readText('{"type":"message","content":{"attachments":["AQI="]},"attachments":["AQI=",""]}')).toEqual({
    type: 'message',
    content: { attachments: ['AQI='] },
    attachments: [bytes(1, 2), bytes()],
  });
  expect(readText('{"type":"history","messages":[{"content":1},{"attachments":["/w=="]}]}').messages).toEqual([
    { content: 1 },
    { attachments: [bytes(255)] },
  ]);
  expect(readText('{"type":"pong"}')).toEqual({ type: 'pong' });
});
