import { error } from '@sveltejs/kit';

// Without this, SvelteKit asks the server for an unknown page, which answers with this very
// application, which asks again, and so on for ever.
export function load(): never {
  error(404);
}
