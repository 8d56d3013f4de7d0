import { useGateway } from '@gateway/react';
import { useEffect, useState } from 'react';
import { Composer } from './Composer.js';
import { Lines } from './Lines.js';
import { People, Stack } from './People.js';
import { picturesOf } from './pictures.js';
import { useActivity } from './useActivity.js';
import { useChat } from './useChat.js';
import type { Profile } from './useProfile.js';
import './Room.css';

export function Room({ room: { name, about }, profile }: { room: { name: string; about: string }; profile: Profile }) {
    const { people, count, typing, typed } = useActivity(name, profile);
    const { lines, position, say, state, recovered, error } = useChat(name, profile);
    const notice = useNotice(state, recovered);
    const show = async (files: FileList) => {
        // One message each, as large as one may be.
        for (const picture of await picturesOf(files)) void say('', [picture]);
    };
    return (
        <>
            <main
                className="room"
                aria-label={name}
                onDragOver={(event) => event.preventDefault()}
                onDrop={(event) => {
                    event.preventDefault();
                    void show(event.dataTransfer.files);
                }}
            >
                <header>
                    <div>
                        <h2>
                            <span aria-hidden>#</span> {name}
                        </h2>
                        <p>{about}</p>
                    </div>
                    <Stack people={people} count={count} />
                </header>
                {notice && (
                    <p className={`notice ${notice.kind}`} role="status">
                        {notice.text}
                    </p>
                )}
                <Lines lines={lines} me={profile.id} loaded={state === 'subscribed'} />
                <p className="typing" aria-live="polite">
                    {error ? error.message : typing.length > 0 && <Typing names={typing} />}
                </p>
                <Composer
                    room={name}
                    onType={typed}
                    onFiles={(files) => void show(files)}
                    onSay={(text) => {
                        typed('');
                        void say(text);
                    }}
                />
            </main>
            <People people={people} count={count} me={profile.id} room={name} position={position} />
        </>
    );
}

function Typing({ names }: { names: string[] }) {
    return (
        <>
            <span className="dots" aria-hidden>
                <i />
                <i />
                <i />
            </span>
            {names.length > 3 ? 'Several people are' : `${names.join(', ')} ${names.length > 1 ? 'are' : 'is'}`} writing
        </>
    );
}

/** What a reader wants to know of a connection that was lost, and for a while of how it came back. */
function useNotice(state: string, recovered: boolean | undefined) {
    const { state: connection } = useGateway();
    const [wasAway, setAway] = useState(false);
    useEffect(() => {
        if (connection === 'waiting') setAway(true);
        if (state !== 'subscribed') return;
        const timer = setTimeout(() => setAway(false), 6_000);
        return () => clearTimeout(timer);
    }, [connection, state]);
    if (connection === 'closed') return undefined;
    if (wasAway && state !== 'subscribed')
        return { kind: 'away', text: 'The connection was lost and is coming back. What you write is sent then.' };
    if (wasAway && recovered === true) return { kind: 'back', text: 'Back again, and nothing was missed.' };
    if (wasAway && recovered === false)
        return { kind: 'anew', text: 'Back again. The gateway started over: what was said before is gone.' };
    return undefined;
}
