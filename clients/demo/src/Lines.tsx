import { useLayoutEffect, useRef, useState } from 'react';
import { Avatar, colourOf } from './Avatar.js';
import { Picture } from './Picture.js';
import type { Line } from './useChat.js';
import './Lines.css';

/** Lines of one person that came closer together than this stand under one name. */
const together = 5 * 60_000;

/** Whoever has scrolled up further than this is reading, and is not to be moved. */
const nearEnd = 80;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

const follows = (line: Line, before: Line | undefined) =>
    before?.by.id === line.by.id && (line.time ?? Date.now()) - (before.time ?? Date.now()) < together;

export function Lines({ lines, me, loaded }: { lines: Line[]; me: string; loaded: boolean }) {
    const list = useRef<HTMLOListElement>(null);
    const atEnd = useRef(true);
    const [unread, setUnread] = useState(false);
    const last = lines.at(-1);

    const toEnd = () => list.current!.scrollTo({ top: list.current!.scrollHeight });
    const stayAtEnd = () => atEnd.current && toEnd();
    useLayoutEffect(() => {
        if (atEnd.current || last?.by.id === me) toEnd();
        else setUnread(true);
    }, [last?.id, me]);

    return (
        <div className="lines">
            <ol
                ref={list}
                aria-live="polite"
                onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
                    atEnd.current = scrollHeight - scrollTop - clientHeight < nearEnd;
                    if (atEnd.current) setUnread(false);
                }}
            >
                {lines.map((line, index) => (
                    <One
                        key={line.id}
                        line={line}
                        isMine={line.by.id === me}
                        follows={follows(line, lines[index - 1])}
                        onGrow={stayAtEnd}
                    />
                ))}
            </ol>
            {loaded && lines.length === 0 && (
                <div className="empty">
                    <svg viewBox="0 0 24 24" width="56" height="56" aria-hidden>
                        <path d="M20 12a8 8 0 0 1-11.6 7.1L4 20.5l1.4-4.4A8 8 0 1 1 20 12Z" />
                    </svg>
                    <b>Nothing was said here yet</b>
                    <p>Write something or drop a picture, and see it in another tab at the same moment.</p>
                    <a href="" target="_blank">
                        Open another tab
                    </a>
                </div>
            )}
            {unread && (
                <button className="unread" onClick={toEnd}>
                    New messages
                </button>
            )}
        </div>
    );
}

function One(props: { line: Line; isMine: boolean; follows: boolean; onGrow: () => void }) {
    const { line, isMine, follows, onGrow } = props;
    return (
        <li
            className={['line', line.state, isMine && 'mine', follows && 'follows'].filter(Boolean).join(' ')}
            style={colourOf(line.by.id)}
        >
            {!isMine && !follows && <Avatar person={line.by} />}
            {!follows && !isMine && <b>{line.by.name}</b>}
            <p>
                {line.pictures?.map((bytes, index) => (
                    <Picture key={index} bytes={bytes} from={line.by.name} onLoad={onGrow} />
                ))}
                {line.text}
            </p>
            <small>
                {line.problem ?? (line.state === 'waiting' ? 'waiting' : line.time && clock.format(line.time))}
            </small>
        </li>
    );
}
