import { afterEach, describe, expect, it } from 'vitest';
import {
  ACTION_KEYS,
  actionFor,
  HANDLING_KEYS,
  keyFor,
  nameFor,
  TOOL_KEYS,
  GUARD_KEYS,
  UNDO_KEY,
  URGENCY_KEYS,
} from './keys.ts';

function press(target: Element, init: KeyboardEventInit): string | null {
  let heard: string | null = null;
  const listen = (event: Event) => (heard = keyFor(event as KeyboardEvent));
  addEventListener('keydown', listen, { once: true });
  target.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...init }));
  return heard;
}

function put(html: string): Element {
  const holder = document.createElement('div');
  holder.innerHTML = html;
  document.body.append(holder);
  return holder.firstElementChild as Element;
}

afterEach(() => {
  document.body.replaceChildren();
});

describe('a key', () => {
  it('is ours when nobody writes', () => {
    expect(press(put('<a href="/x">x</a>'), { key: 'j' })).toBe('j');
  });

  it.each(['<input />', '<textarea></textarea>', '<select></select>', '<p contenteditable></p>'])(
    'belongs to %s while that is written in',
    (html) => {
      expect(press(put(html), { key: 'j' })).toBeNull();
    },
  );

  it('belongs to the browser with a modifier', () => {
    expect(press(document.body, { key: 'c', ctrlKey: true })).toBeNull();
    expect(press(document.body, { key: 'c', metaKey: true })).toBeNull();
  });

  it('acts once, however long it is held', () => {
    expect(press(document.body, { key: 'd', repeat: true })).toBeNull();
  });

  it('waits while a dialog is open', () => {
    put('<dialog open></dialog>');
    expect(press(document.body, { key: 'n' })).toBeNull();
  });
});

const IN_A_CASE = [ACTION_KEYS, URGENCY_KEYS, HANDLING_KEYS, TOOL_KEYS].flatMap((keys) =>
  Object.values<string>(keys),
);

describe('the keys of a case', () => {
  it('are all different', () => {
    const letters = [...IN_A_CASE, UNDO_KEY, ...Object.values<string>(GUARD_KEYS)];
    expect(new Set(letters).size).toBe(letters.length);
  });

  it('are none of those that mean something else in a case', () => {
    const taken = new Set(['n', 'c', 'C', 'v', 'q', '?', 'j', 'k']);
    expect(IN_A_CASE.filter((letter) => taken.has(letter))).toEqual([]);
  });

  it('act only where the server allows the decision', () => {
    expect(actionFor('h', ['dismiss', 'hide'])).toBe('hide');
    expect(actionFor('h', ['dismiss'])).toBeNull();
    expect(nameFor('9', HANDLING_KEYS, ['publish', 'collapse'])).toBeNull();
    expect(nameFor('8', HANDLING_KEYS, ['publish', 'collapse'])).toBe('collapse');
  });
});
