import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GatewayProcess } from '../../typescript/test/support/processes.js';
import { TcpProxy } from '../../typescript/test/support/tcpProxy.js';
import { launch, Visitor } from './chromium.js';

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});

afterAll(() => browser.close());

const start = async () => {
  const gateway = await GatewayProcess.start();
  return { gateway, url: `http://127.0.0.1:${gateway.port}/demo` };
};

it('lets two people talk, tells who is there and who is writing, and looks well', async () => {
  const { url } = await start();
  const ada = await (await Visitor.with(browser, 'Ada Lovelace')).opens(url);
  await ada.has('Ada Lovelace');
  await ada.shows('Nothing was said here yet');
  await ada.picture('desktop-empty');
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
  const grace = await (await Visitor.with(browser, 'Grace Hopper', phone)).opens(url);
  await ada.has('Ada Lovelace', 'Grace Hopper');

  await ada.says('Hello! Is anybody there?');
  expect(await grace.lines(1)).toEqual(['Hello! Is anybody there?']);
  await grace.says('Just came in.');
  await grace.says('It is quiet here, but it will not stay so.');
  await ada.lines(3);
  await ada.says(
    'I took the notes of yesterday and sorted them. The long part is about what the engine may do one day: compose music, ' +
      'for one thing, were the laws of harmony once written down.',
  );
  await grace.says('Send them over');
  await ada.says('With pleasure');
  const said = await ada.lines(6);
  expect(await grace.lines(6)).toEqual(said);
  await grace.page.getByLabel('Message').fill('And then we');
  await ada.shows('Grace Hopper is writing');

  for (const colorScheme of ['light', 'dark'] as const) {
    await Promise.all([ada, grace].map(({ page }) => page.emulateMedia({ colorScheme })));
    await ada.picture(`desktop-${colorScheme}`);
    await grace.picture(`phone-${colorScheme}`);
  }
  await grace.page.context().close();
  await ada.has('Ada Lovelace');
});

it('keeps two tabs of one browser in step: what is said, the room, and the name', async () => {
  const { url } = await start();
  const visitor = await Visitor.with(browser, 'Ada');
  const [one, two] = [await visitor.opens(url), await visitor.opens(url)];
  await one.says('from one');
  await two.lines(1);
  await two.says('from two');
  expect(await one.lines(2)).toEqual(['from one', 'from two']);
  // Two connections, one person.
  await one.has('Ada');
  await one.enters('ideas');
  await two.shows('What could be');
  expect(await two.lines(0)).toEqual([]);
  await two.page.getByLabel('Your name').fill('Countess');
  await two.page.keyboard.press('Enter');
  await one.says('a new name');
  await two.lines(1);
  await one.has('Countess');
});

it('catches up with what was said while it was offline, and sends what was written there', async () => {
  const { gateway, url } = await start();
  const network = await TcpProxy.to(gateway.port);
  const ada = await (await Visitor.with(browser, 'Ada')).opens(url);
  const grace = await (await Visitor.with(browser, 'Grace')).opens(`http://127.0.0.1:${network.port}/demo`);
  await ada.has('Ada', 'Grace');
  await ada.says('1');
  await grace.lines(1);

  await grace.page.context().setOffline(true);
  network.down();
  await grace.is('Coming back …');
  await ada.has('Ada');
  for (const text of ['2', '3', '4']) await ada.says(text);
  await ada.lines(4);
  await grace.says('5');
  await grace.until('.line.waiting', 1);
  await grace.picture('desktop-away');

  network.up();
  await grace.page.context().setOffline(false);
  await grace.shows('Back again, and nothing was missed.');
  expect(await grace.lines(5)).toEqual(['1', '2', '3', '4', '5']);
  expect(await ada.lines(5)).toEqual(['1', '2', '3', '4', '5']);
  await ada.has('Ada', 'Grace');
});

it('says so where the gateway was started anew, and goes on', async () => {
  const { gateway, url } = await start();
  const ada = await (await Visitor.with(browser, 'Ada')).opens(url);
  await ada.says('before');
  await ada.lines(1);
  await gateway.kill();
  await ada.is('Coming back …');
  await gateway.start();
  await ada.shows('what was said before is gone');
  await ada.says('after');
  expect(await ada.lines(1)).toEqual(['after']);
});

it('leaves whoever reads further up where they are, and shows the way to what is new', async () => {
  const { url } = await start();
  const [ada, grace] = [await Visitor.with(browser, 'Ada'), await Visitor.with(browser, 'Grace')];
  const [reader, writer] = [await ada.opens(url), await grace.opens(url)];
  for (let n = 1; n <= 30; n++) await writer.says(`line ${n}`);
  await reader.lines(30);
  const last = reader.page.locator('.line').last();
  await expect
    .poll(() => last.evaluate((line) => line.getBoundingClientRect().bottom < innerHeight), { timeout: 30_000 })
    .toBe(true);
  await reader.page.locator('.lines ol').evaluate((list) => list.scrollTo(0, 0));
  await writer.says('something new');
  await reader.page.getByRole('button', { name: 'New messages' }).click();
  await reader.page.getByRole('button', { name: 'New messages' }).waitFor({ state: 'detached' });
  expect(await last.evaluate((line) => line.getBoundingClientRect().bottom < innerHeight)).toBe(true);
  await reader.picture('desktop-long');
});

it('shows whatever somebody publishes to a room, as text', async () => {
  const { gateway, url } = await start();
  const ada = await (await Visitor.with(browser, 'Ada')).opens(url);
  const publish = (channel: string, content: unknown) =>
    fetch(`http://127.0.0.1:${gateway.internalPort}/api/publish`, {
      method: 'POST',
      body: JSON.stringify({ channel, content }),
    });
  const contents = ['from a shell', '<img src=x onerror=alert(1)>', { temperature: 21.5 }, null, { by: null }];
  for (const content of [...contents, { id: 1 }]) await publish('demo-activity:lobby', content);
  for (const content of contents) await publish('demo:lobby', content);
  await ada.says('I see');
  expect(await ada.lines(6)).toEqual([
    'from a shell',
    '<img src=x onerror=alert(1)>',
    '{"temperature":21.5}',
    'null',
    '{"by":null}',
    'I see',
  ]);
});

it('shows pictures that are dropped or pasted, smaller where they are too large, and those that a backend publishes', async () => {
  const { gateway, url } = await start();
  const ada = await (await Visitor.with(browser, 'Ada')).opens(url);
  const grace = await (await Visitor.with(browser, 'Grace')).opens(url);
  await ada.has('Ada', 'Grace');
  await ada.gives('drop', 40);
  // Noise, which no format makes small.
  await ada.gives('paste', 900);
  expect(await grace.pictures(2)).toEqual([40, expect.any(Number)]);
  const [, width] = await ada.pictures(2);
  expect(width).toBeGreaterThan(100);
  expect(width).toBeLessThan(900);

  const publish = (body: Uint8Array<ArrayBuffer>) =>
    fetch(`http://127.0.0.1:${gateway.internalPort}/api/publish?channel=demo:lobby`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body,
    });
  await publish(new Uint8Array(Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')));
  await publish(new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'));
  expect((await grace.pictures(3)).at(-1)).toBe(1);
  await grace.shows('bytes that are no picture');
  await ada.page.reload();
  // Only then is it known which of them are pictures.
  await ada.shows('bytes that are no picture');
  expect(await ada.pictures(3)).toEqual(await grace.pictures(3));
});
