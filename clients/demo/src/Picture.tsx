import { useEffect, useState } from 'react';

/** A picture that somebody sent. What is none is told by its size: anybody can send any bytes. */
export function Picture({ bytes, from, onLoad }: { bytes: Uint8Array; from: string; onLoad: () => void }) {
    const [url, setUrl] = useState('');
    const [isNone, setNone] = useState(false);

    useEffect(() => {
        // Without a type: so the browser takes it for a picture that cannot run anything, or for none.
        const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
        setUrl(url);
        setNone(false);
        return () => URL.revokeObjectURL(url);
    }, [bytes]);

    if (isNone) return <i>{bytes.length.toLocaleString()} bytes that are no picture</i>;
    return url && <img src={url} alt={`A picture from ${from}`} onLoad={onLoad} onError={() => setNone(true)} />;
}
