import { forgetKey, hasKey, setKey } from './api.js';
import { byId, setText } from './dom.js';

/** Asks for the API key, where the gateway wants one. */
export class SignIn {
  #dialog = byId('sign-in');
  #key = byId('key');
  #forget = byId('forget-key');

  /** @param {() => void} onKey There is a key to try. @param {() => void} onForgotten There is none any more. */
  constructor(onKey, onForgotten) {
    this.#dialog.querySelector('form').addEventListener('submit', () => {
      setKey(this.#key.value);
      this.#key.value = '';
      onKey();
    });
    // Without a key there is nothing to see behind it.
    this.#dialog.addEventListener('cancel', (event) => event.preventDefault());
    this.#forget.addEventListener('click', () => {
      forgetKey();
      onForgotten();
    });
  }

  accepted() {
    this.#forget.hidden = !hasKey();
  }

  ask() {
    setText(byId('sign-in-problem'), hasKey() ? 'That is none of the keys.' : '');
    forgetKey();
    this.#forget.hidden = true;
    if (!this.#dialog.open) this.#dialog.showModal();
  }
}
