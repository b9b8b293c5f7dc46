/** One page, drawn in the browser: nothing of a member is ever drawn on the server. */
export const ssr = false;
export const prerender = false;
