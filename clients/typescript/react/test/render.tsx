import { act, type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { onTestFinished } from 'vitest';

(globalThis as any).IS_REACT_ACT_ENVIRONMENT = true;

/** What a hook returned last, as an application in StrictMode sees it. Unmounted with the test. */
export async function renderHook<Props, Result>(
    hook: (props: Props) => Result,
    initial: Props,
    around: (children: ReactNode) => ReactNode = (children) => children,
) {
    const results: Result[] = [];
    const root = createRoot(document.createElement('div'));
    function Probe({ props }: { props: Props }) {
        results.push(hook(props));
        return null;
    }
    const render = (props: Props) =>
        act(async () => root.render(<StrictMode>{around(<Probe props={props} />)}</StrictMode>));
    const unmount = () => act(async () => root.unmount());
    await render(initial);
    onTestFinished(unmount);
    return {
        get current() {
            return results.at(-1)!;
        },
        render,
        unmount,
    };
}
