import { GatewayProvider } from '@gateway/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.js';
import './style.css';

createRoot(document.getElementById('root')!).render(
    <StrictMode>
        <GatewayProvider url="/ws">
            <App />
        </GatewayProvider>
    </StrictMode>,
);
