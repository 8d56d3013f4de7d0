import { useGateway } from '@gateway/react';
import { Room } from './Room.js';
import { useStored } from './useStored.js';

const rooms = ['lobby', 'kitchen', 'balcony'];

const states = {
    connected: 'connected',
    connecting: 'connecting …',
    waiting: 'connection lost, coming back …',
    closed: 'closed',
};

const visitor = `guest-${Math.floor(Math.random() * 9000 + 1000)}`;

export function App() {
    const { state } = useGateway();
    const [room, setRoom] = useStored('gateway-demo-room', rooms[0]!);
    const [name, setName] = useStored('gateway-demo-name', visitor);
    return (
        <main>
            <header>
                <h1>Gateway chat</h1>
                <p className={`state ${state}`} role="status">
                    {states[state]}
                </p>
                <label>
                    <span>I am</span>
                    <input value={name} maxLength={24} onChange={({ target }) => setName(target.value)} />
                </label>
            </header>
            <nav aria-label="Rooms">
                {rooms.map((each) => (
                    <button key={each} aria-current={each === room ? 'page' : undefined} onClick={() => setRoom(each)}>
                        # {each}
                    </button>
                ))}
            </nav>
            <Room key={room} room={room} name={name.trim() || visitor} />
        </main>
    );
}
