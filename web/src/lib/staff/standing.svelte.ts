/** How the place stands: what the steward's pages share, and the first-start guide reads. */
import { api } from '#lib/api/client.ts';
import type { Room } from '#lib/api/types.ts';
import { session } from '#lib/session.svelte.ts';
import { firstSteps, roomsWithOneJudge, type Step } from './steps.ts';
import type { Place, RoomDetail, StewardHelpLines } from './types.ts';

class StandingState {
  rooms = $state.raw<Room[]>([]);
  /** Who keeps each room, by the room's id. */
  keepers = $state.raw<Record<string, RoomDetail['keepers']>>({});
  lines = $state.raw<StewardHelpLines | null>(null);
  error = $state.raw<unknown>(null);
  known = $state(false);

  get steps(): Step[] {
    const { place } = session;
    if (!place || !this.known) return [];
    const keepers = Object.values(this.keepers).flat();
    return firstSteps({ place, lines: this.lines, rooms: this.rooms, keepers });
  }

  /** Open rooms where one person decides alone: an appeal needs a second one. */
  get alone(): string[] {
    return roomsWithOneJudge(this.rooms, this.keepers);
  }

  async load(): Promise<void> {
    try {
      const [rooms, lines] = await Promise.all([
        api.get<{ rooms: Room[] }>('/api/steward/rooms'),
        api.get<StewardHelpLines>('/api/steward/help-lines'),
      ]);
      this.rooms = rooms.rooms.filter((room) => room.kind === 'room');
      this.lines = lines;
      this.keepers = await keepersOf(this.rooms);
      this.error = null;
      this.known = true;
    } catch (error) {
      this.error = error;
    }
  }

  changedPlace(place: Place): void {
    session.place = place;
  }
}

async function keepersOf(rooms: Room[]): Promise<Record<string, RoomDetail['keepers']>> {
  const details = await Promise.all(
    rooms.map((room) => api.get<RoomDetail>(`/api/rooms/${room.id}`)),
  );
  return Object.fromEntries(details.map(({ room, keepers }) => [room.id, keepers]));
}

export const standing = new StandingState();
