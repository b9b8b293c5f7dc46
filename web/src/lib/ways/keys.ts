/** Passkeys, as browsers make and use them. Bytes cross the wire as base64url without padding. */
import { api } from '#lib/api/client.ts';
import type { Body } from '#lib/api/types.ts';

type Asked = Body<'PasskeyAsked'>;
type ToSign = Body<'SignatureAsked'>;

/** Why no passkey can be made or used on this page; null where one can. */
export type Obstacle = 'browser' | 'needs_tls' | 'needs_name' | 'elsewhere';

export function obstacleOf(at: Body<'PasskeysAt'>, here = location.origin): Obstacle | null {
  if (at.why_not) return at.why_not;
  if (at.origin !== here) return 'elsewhere';
  return canUseKeys() ? null : 'browser';
}

/** Browsers refuse passkeys at a bare number instead of a name. */
const BARE = /^[\d.]+$|:/;

export function canUseKeys(host = location.hostname): boolean {
  return typeof PublicKeyCredential === 'function' && !BARE.test(host);
}

export function toBytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

export function toText(bytes: ArrayBuffer): string {
  const plain = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The person closed the browser's question, or let it pass: nothing to complain about. */
export function wasLeft(error: unknown): boolean {
  return error instanceof DOMException && ['NotAllowedError', 'AbortError'].includes(error.name);
}

export async function addKey(name: string): Promise<Body<'WaysChanged'>> {
  const asked = await api.post<Asked>('/api/me/ways/passkeys/asked');
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: toBytes(asked.challenge),
      rp: { id: asked.rp_id, name: asked.rp_name },
      user: { id: toBytes(asked.user_id), name: asked.user_name, displayName: asked.user_name },
      pubKeyCredParams: asked.algorithms.map((alg) => ({ type: 'public-key', alg })),
      excludeCredentials: asked.exclude.map((id) => ({ type: 'public-key', id: toBytes(id) })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
      timeout: asked.timeout_ms,
    },
  });
  const { rawId, response } = made as PublicKeyCredential;
  return api.post('/api/me/ways/passkeys', {
    name,
    credential_id: toText(rawId),
    client_data: toText(response.clientDataJSON),
    attestation: toText((response as AuthenticatorAttestationResponse).attestationObject),
  });
}

async function sign(asked: ToSign): Promise<Body<'Signature'>> {
  const used = await navigator.credentials.get({
    publicKey: {
      challenge: toBytes(asked.challenge),
      rpId: asked.rp_id,
      allowCredentials: asked.allow.map((id) => ({ type: 'public-key', id: toBytes(id) })),
      userVerification: 'required',
      timeout: asked.timeout_ms,
    },
  });
  const { rawId } = used as PublicKeyCredential;
  const response = (used as PublicKeyCredential).response as AuthenticatorAssertionResponse;
  return {
    credential_id: toText(rawId),
    client_data: toText(response.clientDataJSON),
    authenticator_data: toText(response.authenticatorData),
    signature: toText(response.signature),
    user_handle: response.userHandle ? toText(response.userHandle) : null,
  };
}

export async function proveByKey(): Promise<void> {
  await api.post(
    '/api/me/proof/passkey',
    await sign(await api.post<ToSign>('/api/me/proof/asked')),
  );
}

export async function logInByKey(): Promise<Body<'Entered'>> {
  const asked = await api.post<ToSign>('/api/sessions/passkey/asked');
  return api.post<Body<'Entered'>>('/api/sessions/passkey', await sign(asked));
}
