import { Account } from './Account.js';
import { Room } from './Room.js';
import { rooms } from './rooms.js';
import { useProfile } from './useProfile.js';
import { useStored } from './useStored.js';

export function App() {
    const profile = useProfile();
    const [name, enter] = useStored('gateway-demo-room', rooms[0]!.name);
    const room = rooms.find((room) => room.name === name) ?? rooms[0]!;
    return (
        <div className="app">
            <div className="side">
                <h1>
                    <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width="28" height="28" />
                    Gateway <span>demo</span>
                </h1>
                <nav aria-label="Rooms">
                    <h2>Rooms</h2>
                    {rooms.map(({ name }) => (
                        <button
                            key={name}
                            aria-current={name === room.name ? 'page' : undefined}
                            onClick={() => enter(name)}
                        >
                            <span aria-hidden>#</span>
                            {name}
                        </button>
                    ))}
                </nav>
                <Account profile={profile} />
            </div>
            <Room key={room.name} room={room} profile={profile} />
        </div>
    );
}
