/** What every client does, whichever language it is in: the cases of tests/conformance/. */
import { describe, expect, it } from 'vitest';
import { cases, Stage, type Carrier, type Step } from './stage.ts';

const CARRIERS: Carrier[] = ['socket', 'fetched'];

describe.each(CARRIERS)('by %s', (carrier) => {
  describe.each(Object.entries(Object.groupBy(cases(), ({ file }) => file)))(
    '%s',
    (_, some = []) => {
      it.each(some)('$name', async ({ steps }) => {
        await Stage.play(steps, carrier);
      });
    },
  );
});

describe('reading a room', () => {
  it('that was left meanwhile does not join it', async () => {
    await Stage.play([
      { opens: 'one' },
      { history: 'waits' },
      { joins: 'kitchen', after: 3 },
      { leaves: 'kitchen' },
      { history: 'answers' },
      { sends: [{ type: 'leave', room: 'kitchen' }] },
    ]);
  });

  it('anew is tried again until it works', async () => {
    await Stage.play([
      { opens: 'one' },
      { joins: 'kitchen', after: 500 },
      { sends: [{ type: 'join', room: 'kitchen', after: 500 }] },
      { stands: { kitchen: 2 } },
      { history: 'fails' },
      { server: [{ type: 'reset', room: 'kitchen' }] },
      { passes: 1.9 },
      { sends: [] },
      { history: 'answers' },
      { passes: 0.2 },
      { anew: ['kitchen'] },
    ]);
  });
});

describe.each(CARRIERS)('a case that expects something else fails by %s', (carrier) => {
  it.each<[Step[]]>([
    [[{ opens: 'one' }, { joins: 'kitchen', after: 3 }]],
    [[{ opens: 'one' }, { posts: 'a', room: 'kitchen', text: 'Hello.' }, { sends: [] }]],
    [[{ opens: 'one' }, { opens: 'one' }]],
    [[{ opens: 'one' }, { breaks: null }, { opening: true }]],
    [[{ opens: 'one' }, { breaks: 4401 }, { over: false }]],
    [[{ opens: 'one' }, { anew: ['kitchen'] }]],
    [[{ opens: 'one' }, { hears: ['kitchen 1'] }]],
  ])('%j', async (steps) => {
    await expect(Stage.play(steps, carrier)).rejects.toThrow(/^step/);
  });
});
