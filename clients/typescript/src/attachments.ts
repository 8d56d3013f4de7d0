/** @internal A message with attachments as one binary message (docs/protocol.md, "Attachments"). */
export function pack(message: object, attachments: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(
    JSON.stringify({ ...message, attachments: attachments.map(({ length }) => length) }),
  );
  const parts = [header, ...attachments];
  let at = 4;
  const packed = new Uint8Array(parts.reduce((sum, { length }) => sum + length, at));
  new DataView(packed.buffer).setUint32(0, header.length);
  for (const part of parts) {
    packed.set(part, at);
    at += part.length;
  }
  return packed;
}

/** @internal The message in a binary message. Its attachments are views of the same memory. */
export function unpack(data: ArrayBuffer): any {
  let at = 4 + new DataView(data).getUint32(0);
  const message = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, at - 4)));
  message.attachments = message.attachments.map((length: number) => {
    at += length;
    return new Uint8Array(data, at - length, length);
  });
  return message;
}

/** @internal The message in a text, where attachments, also of the messages in a page of history, are base64. */
export function readText(text: string): any {
  const message = JSON.parse(text);
  for (const one of message.messages ?? [message])
    if (one.attachments)
      one.attachments = one.attachments.map((base64: string) =>
        Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)),
      );
  return message;
}
