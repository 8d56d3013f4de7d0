import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

const artifacts = join(import.meta.dirname, '../../../artifacts/demo');

/** Debian's. As root, as in a container, it has no sandbox. */
export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

/** Somebody's browser, with nothing stored yet; closed with the test, in which nothing may have gone wrong on its pages. */
export class Visitor {
  readonly #problems: string[] = [];

  private constructor(readonly context: BrowserContext) {
    // What a network that is gone makes a browser write is no fault of the page.
    context.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('net::ERR_')) this.#problems.push(message.text());
    });
    context.on('weberror', (error) => this.#problems.push(String(error.error())));
    onTestFinished(async () => {
      await context.close();
      expect(this.#problems).toEqual([]);
    });
  }

  static async with(browser: Browser, name: string, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(30_000);
    await context.addInitScript((name) => {
      // A tab that has just opened is nowhere, and may store nothing.
      if (location.protocol === 'http:') localStorage['gateway-demo-name'] ??= name;
    }, name);
    return new Visitor(context);
  }

  async opens(url: string): Promise<Chat> {
    const page = await this.context.newPage();
    await page.goto(url);
    const chat = new Chat(page);
    await chat.is('Connected');
    return chat;
  }
}

/** One tab with the chat, as somebody who looks at it sees it. */
export class Chat {
  constructor(readonly page: Page) {}

  async is(state: 'Connected' | 'Coming back …'): Promise<void> {
    await this.page.locator('.account').getByRole('status').getByText(state).waitFor();
  }

  shows(text: string): Promise<void> {
    return this.page.getByText(text).first().waitFor();
  }

  async says(text: string): Promise<void> {
    await this.page.getByLabel('Message').fill(text);
    await this.page.keyboard.press('Enter');
  }

  async enters(room: string): Promise<void> {
    await this.page.getByRole('navigation').getByRole('button', { name: room }).click();
  }

  /** What stands in the room, once there are so many lines. */
  async lines(count: number): Promise<string[]> {
    await this.until('.line:not(.waiting)', count);
    return this.page.locator('.line p').allTextContents();
  }

  /** Waits until those are here, and nobody else. */
  async has(...people: string[]): Promise<void> {
    const names = this.page.locator('.people li > span:not(.avatar)');
    await expect.poll(async () => (await names.allTextContents()).sort(), { timeout: 30_000 }).toEqual(people);
  }

  /** Drops or pastes a square picture of noise. */
  async gives(way: 'drop' | 'paste', width: number): Promise<void> {
    await this.page.evaluate(
      async ([way, width]) => {
        const canvas = new OffscreenCanvas(width, width);
        const noise = new ImageData(width, width);
        for (let at = 0; at < noise.data.length; at += 65_536)
          crypto.getRandomValues(noise.data.subarray(at, at + 65_536) as Uint8ClampedArray<ArrayBuffer>);
        for (let at = 3; at < noise.data.length; at += 4) noise.data[at] = 255;
        canvas.getContext('2d')!.putImageData(noise, 0, 0);
        const data = new DataTransfer();
        data.items.add(new File([await canvas.convertToBlob()], 'noise.png', { type: 'image/png' }));
        const target = document.querySelector('textarea')!;
        const options = { bubbles: true, cancelable: true };
        target.dispatchEvent(
          way === 'drop'
            ? new DragEvent('drop', { ...options, dataTransfer: data })
            : new ClipboardEvent('paste', { ...options, clipboardData: data }),
        );
      },
      [way, width] as const,
    );
  }

  /** The widths of the pictures in the room, once so many are there. */
  async pictures(count: number): Promise<number[]> {
    await this.page.waitForFunction(
      (count) =>
        [...document.querySelectorAll<HTMLImageElement>('.line:not(.waiting) img')].filter(
          (image) => image.naturalWidth,
        ).length === count,
      count,
    );
    return this.page
      .locator('.line img')
      .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth));
  }

  until(selector: string, count: number): Promise<unknown> {
    return this.page.waitForFunction(([selector, count]) => document.querySelectorAll(selector).length === count, [
      selector,
      count,
    ] as const);
  }

  async picture(name: string): Promise<void> {
    mkdirSync(artifacts, { recursive: true });
    await this.page.screenshot({ path: join(artifacts, `${name}.png`), animations: 'disabled' });
  }
}
