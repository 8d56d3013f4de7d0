// @vitest-environment happy-dom
import { GatewayProvider } from '@gateway/react';
import { createRoot } from 'react-dom/client';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { connect } from '../../typescript/test/support/application.js';
import { GatewayProcess } from '../../typescript/test/support/processes.js';
import { App } from '../src/App.js';

/** One tab with the chat open. */
class Tab {
    readonly page = document.createElement('div');
    readonly #root = createRoot(this.page);

    static async open(url: string): Promise<Tab> {
        const tab = new Tab();
        onTestFinished(() => tab.#root.unmount());
        tab.#root.render(
            <GatewayProvider url={url} WebSocket={WebSocket} backoff={{ min: 50, max: 200 }}>
                <App />
            </GatewayProvider>,
        );
        await tab.until(() => tab.page.querySelector('form') !== null);
        return tab;
    }

    get messages(): string[] {
        return [...this.page.querySelectorAll('.messages li:not(.waiting) > p')].map(({ textContent }) => textContent!);
    }

    get #field(): HTMLInputElement {
        return this.page.querySelector('form input')!;
    }

    async until(holds: () => boolean): Promise<void> {
        const deadline = performance.now() + 30_000;
        while (!holds()) {
            if (performance.now() > deadline)
                throw new Error(`still waiting for ${holds} in: ${this.page.textContent}`);
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    }

    shows(text: string): Promise<void> {
        return this.until(() => this.page.textContent!.includes(text));
    }

    async types(text: string): Promise<void> {
        // Past React's own setter, which would take the change for its own.
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(this.#field, text);
        this.#field.dispatchEvent(new Event('input', { bubbles: true }));
        await this.until(() => !this.page.querySelector<HTMLButtonElement>('form button')!.disabled);
    }

    async says(text: string): Promise<void> {
        await this.types(text);
        this.page.querySelector('form')!.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
        await this.until(() => this.#field.value === '');
    }

    enters(room: string): void {
        const buttons = [...this.page.querySelectorAll<HTMLButtonElement>('nav button')];
        buttons.find(({ textContent }) => textContent!.includes(room))!.click();
    }
}

beforeEach(() => localStorage.clear());

const start = () => GatewayProcess.start('Namespaces:chat:History=100', 'Namespaces:chat:Presence=true');

it('keeps two tabs in step: what is said, who is there, and the room', async () => {
    const gateway = await start();
    const [one, two] = [await Tab.open(gateway.url), await Tab.open(gateway.url)];
    await one.shows('2 are here');
    await one.says('hello');
    await two.until(() => two.messages.length === 1);
    await two.says('hello yourself');
    for (const tab of [one, two]) {
        await tab.until(() => tab.messages.length === 2);
        expect(tab.messages).toEqual(['hello', 'hello yourself']);
    }
    one.enters('kitchen');
    await two.until(() => two.page.querySelector('[aria-current]')!.textContent === '# kitchen');
    expect(two.messages).toEqual([]);
});

it('tells others who is writing, and shows who else is', async () => {
    const gateway = await start();
    localStorage.setItem('gateway-demo-name', 'Ada');
    const tab = await Tab.open(gateway.url);
    const grace = await connect(gateway.url);
    const typing = grace.subscribe<string>('typing:lobby');
    await typing.ready;
    const heard = typing[Symbol.asyncIterator]().next();
    await tab.shows('Only you are here');
    await tab.types('h');
    expect((await heard).value?.content).toBe('Ada');
    await grace.publish('typing:lobby', 'Grace');
    await tab.shows('Grace writing');
});

it('shows what was said before one came, and queues what is said while the gateway is away', async () => {
    const gateway = await start();
    const one = await Tab.open(gateway.url);
    await one.says('first');
    await one.until(() => one.messages.length === 1);
    const two = await Tab.open(gateway.url);
    await two.until(() => two.messages.length === 1);
    await gateway.kill();
    await one.shows('connection lost');
    await one.says('second');
    await one.until(() => one.page.querySelectorAll('.messages .waiting').length === 1);
    await gateway.start();
    await two.until(() => two.messages.includes('second'));
});
