/** Below the gateway's default for a whole message, `Limits:MessageBytes` (65,536). */
const limit = 62_000;

/** Widths that are tried for a picture that is too large, until one fits. The last one does, were it noise. */
const widths = [1600, 1200, 800, 560, 400, 280, 160];

/** The pictures among files that were dropped or pasted, as bytes that fit into a message. */
export async function picturesOf(files: Iterable<File>): Promise<Uint8Array[]> {
  const pictures = [...files].filter(({ type }) => type.startsWith('image/'));
  const fitting = await Promise.all(pictures.map(fit));
  return fitting.flatMap((blob) => blob ?? []);
}

async function fit(file: Blob): Promise<Uint8Array | undefined> {
  if (file.size <= limit) return new Uint8Array(await file.arrayBuffer());
  const image = await createImageBitmap(file).catch(() => undefined);
  if (!image) return undefined;
  for (const width of widths) {
    const scale = Math.min(1, width / image.width);
    const canvas = new OffscreenCanvas(Math.ceil(image.width * scale), Math.ceil(image.height * scale));
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    const smaller = await canvas.convertToBlob({ type: 'image/webp', quality: 0.8 });
    if (smaller.size <= limit) return new Uint8Array(await smaller.arrayBuffer());
  }
  return undefined;
}
