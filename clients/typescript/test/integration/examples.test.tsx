// @vitest-environment happy-dom
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { act, createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import WebSocket from 'ws';
import { connect } from '../support/application.js';
import { GatewayProcess } from '../support/processes.js';
import { secret, token } from '../support/token.js';

(globalThis as any).IS_REACT_ACT_ENVIRONMENT = true;

const repository = join(import.meta.dirname, '../../../../');
const folder = `${repository}clients/typescript/test/integration/.examples`;
const pages = ['docs/clients.md', 'clients/typescript/README.md', 'clients/typescript/react/README.md'];

const examples = pages.flatMap((page) =>
    [...readFileSync(repository + page, 'utf8').matchAll(/^```(tsx?|html)\n(.*?)^```/gms)].map(
        ([, language, code], index) => ({
            name: `${page}, ${index + 1}`,
            file: `${folder}/${page.replace(/\W/g, '-')}-${index}.${language}`,
            language,
            code: code!,
        }),
    ),
);

/** What the code says it prints: the comments behind its console.log. */
const promised = (code: string) =>
    [...code.matchAll(/console\.log\(.*\).*?; \/\/ (.*)$/gm)].flatMap(([, text]) => text!.split(', '));

beforeAll(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    // For the whole file: what an example leaves connected goes on until the end.
    vi.stubGlobal('WebSocket', WebSocket);
    vi.stubGlobal('fetch', async () => new Response(token('ada', 60)));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function prepared({ file, code }: (typeof examples)[number]) {
    const settings = ['Namespaces:chat:History=100', 'Namespaces:chat:Presence=true'];
    if (code.includes('token:')) settings.push(`Auth:Secret=${secret}`);
    const gateway = await GatewayProcess.start(...settings);
    const printed: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((...words) => void printed.push(words.join(' ')));
    onTestFinished(() => log.mockRestore());
    writeFileSync(file, code.replaceAll('ws://127.0.0.1:8080/ws', gateway.url));
    return { printed, url: gateway.url };
}

describe('in TypeScript', () => {
    it.each(examples.filter(({ language }) => language === 'ts'))('$name, prints what it says', async (example) => {
        const { printed } = await prepared(example);
        await import(/* @vite-ignore */ example.file);
        await vi.waitUntil(() => printed.length >= promised(example.code).length, { timeout: 30_000 });
        expect(promised(example.code)).not.toEqual([]);
        // Its client is still connected where the example does not close it, and sees the end of the gateway.
        expect(printed.slice(0, promised(example.code).length)).toEqual(promised(example.code));
    });
});

describe('in React', () => {
    it.each(examples.filter(({ language }) => language === 'tsx'))('$name, shows what was said', async (example) => {
        await prepared(example);
        const { default: App } = await import(/* @vite-ignore */ example.file);
        const page = document.createElement('div');
        const root = createRoot(page);
        onTestFinished(() => act(() => root.unmount()));
        await act(() => root.render(createElement(App)));
        const says = async (text: string) => {
            for (const deadline = Date.now() + 30_000; !page.textContent!.includes(text);) {
                if (Date.now() > deadline) throw new Error(`no "${text}" in: ${page.textContent}`);
                await act(async () => {
                    page.querySelector('button')!.click();
                    await new Promise((resolve) => setTimeout(resolve, 50));
                });
            }
        };
        await says('hello');
    });
});

describe('in a page', () => {
    it.each(examples.filter(({ language }) => language === 'html'))('$name, shows what was said', async (example) => {
        const [, script] = /<script type="module">(.*)<\/script>/s.exec(example.code)!;
        // What a web server would do: say where the page is, and serve the module beside it.
        const code = script!
            .replace('./gateway-client/index.js', '@gateway/client')
            .replace('${location.host}', '127.0.0.1:8080');
        const { url } = await prepared({ ...example, file: `${example.file}.ts`, code });
        await import(/* @vite-ignore */ `${example.file}.ts`);
        const other = await connect(url);
        await vi.waitUntil(
            async () => {
                await other.publish('chat:lobby', { text: 'hello' });
                return document.body.textContent!.includes('hello');
            },
            { timeout: 30_000 },
        );
    });
});

it.each(pages)('are found in %s', (page) => {
    expect(examples.filter(({ name }) => name.startsWith(page))).not.toEqual([]);
});
