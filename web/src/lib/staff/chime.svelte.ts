/** Two soft tones, made here: no file to fetch, and silent until the browser allows sound. */

const NOTES_HZ = [523.25, 659.25];
const NOTE_S = 0.42;

class Chime {
  #context: AudioContext | null = null;

  /** False while the browser waits for a click or a key before it lets this page ring. */
  ready = $state(false);

  /** To be called from a click or a key press, the only moments when browsers listen. */
  async unlock(): Promise<void> {
    this.#context ??= open();
    if (this.#context?.state === 'suspended') await this.#context.resume();
    this.ready = this.#context?.state === 'running';
  }

  play(): void {
    this.#context ??= open();
    const context = this.#context;
    if (context?.state !== 'running') return;
    NOTES_HZ.forEach((hz, index) => {
      ring(context, hz, context.currentTime + index * NOTE_S * 0.6);
    });
  }
}

function open(): AudioContext | null {
  return 'AudioContext' in window ? new AudioContext() : null;
}

/** One tone that swells and fades, so that nobody is startled. */
function ring(context: AudioContext, hz: number, at: number): void {
  const tone = context.createOscillator();
  const loudness = context.createGain();
  tone.frequency.value = hz;
  loudness.gain.setValueAtTime(0, at);
  loudness.gain.linearRampToValueAtTime(0.22, at + 0.04);
  loudness.gain.exponentialRampToValueAtTime(0.001, at + NOTE_S);
  tone.connect(loudness).connect(context.destination);
  tone.start(at);
  tone.stop(at + NOTE_S);
}

export const chime = new Chime();
