import { type FormEvent, useState } from 'react';
import './Composer.css';

export function Composer(props: {
    room: string;
    onType: (text: string) => void;
    onSay: (text: string) => void;
    onFiles: (files: FileList) => void;
}) {
    const [text, setText] = useState('');

    function say(event: FormEvent) {
        event.preventDefault();
        if (!text.trim()) return;
        setText('');
        props.onSay(text.trim());
    }

    return (
        <form onSubmit={say}>
            <textarea
                aria-label="Message"
                placeholder={`Write to #${props.room}`}
                rows={1}
                value={text}
                maxLength={2000}
                autoComplete="off"
                enterKeyHint="send"
                onChange={({ target }) => {
                    setText(target.value);
                    props.onType(target.value.trim());
                }}
                onPaste={(event) => {
                    if (!event.clipboardData.files.length) return;
                    event.preventDefault();
                    props.onFiles(event.clipboardData.files);
                }}
                onKeyDown={(event) => {
                    // Enter also ends a word in scripts that are composed of several keys.
                    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) say(event);
                }}
            />
            <button aria-label="Send" disabled={!text.trim()}>
                <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden>
                    <path d="M12 19V5m0 0-6 6m6-6 6 6" />
                </svg>
            </button>
        </form>
    );
}
