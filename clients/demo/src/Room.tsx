import { useChannel, usePresence } from '@gateway/react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTyping } from './useTyping.js';

interface Said {
    name: string;
    text: string;
}

interface Line extends Said {
    failed: string;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export function Room({ room, name }: { room: string; name: string }) {
    const channel = `chat:${room}`;
    const { messages, publish, error } = useChannel<Said>(channel, { history: 50, limit: 200 });
    const { count } = usePresence(channel);
    const { typing, tell } = useTyping(room, name);
    const [text, setText] = useState('');
    const [waiting, setWaiting] = useState<Said[]>([]);
    const [failed, setFailed] = useState<Line[]>([]);
    const end = useRef<HTMLLIElement>(null);

    useEffect(() => end.current?.scrollIntoView({ block: 'end' }), [messages.length, waiting.length, failed.length]);

    async function say(event: FormEvent) {
        event.preventDefault();
        if (!text.trim()) return;
        const said = { name, text: text.trim() };
        setText('');
        setWaiting((waiting) => [...waiting, said]);
        try {
            await publish(said);
        } catch (refusal) {
            setFailed((failed) => [...failed, { ...said, failed: (refusal as Error).message }]);
        }
        setWaiting((waiting) => waiting.filter((other) => other !== said));
    }

    return (
        <section aria-label={room}>
            <p className="present">{count === 1 ? 'Only you are here' : `${count} are here`}</p>
            <ol className="messages" aria-live="polite">
                {messages.map(({ seq, time, content }) => (
                    <li key={seq} className={content.name === name ? 'mine' : undefined}>
                        <b>{content.name}</b>
                        <p>{content.text}</p>
                        {time && <time>{clock.format(time)}</time>}
                    </li>
                ))}
                {failed.map((line, index) => (
                    <li key={`failed ${index}`} className="mine failed">
                        <p>{line.text}</p>
                        <time>{line.failed}</time>
                    </li>
                ))}
                {waiting.map((line, index) => (
                    <li key={`waiting ${index}`} className="mine waiting">
                        <p>{line.text}</p>
                    </li>
                ))}
                <li ref={end} className="end" aria-hidden />
            </ol>
            <p className="typing">{error ? error.message : typing.length > 0 && `${typing.join(', ')} writing …`}</p>
            <form onSubmit={say}>
                <input
                    aria-label="Message"
                    placeholder={`Say something in #${room}`}
                    value={text}
                    maxLength={2000}
                    autoComplete="off"
                    onChange={({ target }) => {
                        setText(target.value);
                        tell();
                    }}
                />
                <button disabled={!text.trim()}>Send</button>
            </form>
        </section>
    );
}
