/** The service worker of this place: the app opens without a line, and a new version waits until it is asked for. */

/** Trusted Types: the one address that may become a worker of ours. */
type Trusting = {
  trustedTypes?: {
    createPolicy: (
      name: string,
      rules: { createScriptURL: (url: string) => string },
    ) => { createScriptURL: (url: string) => string };
  };
};

/** After this much quiet, so that the first words never wait for what is kept for later. */
const LATER_MS = 4_000;

function workerUrl(): string {
  const only = () => '/service-worker.js';
  const policy = (window as Trusting).trustedTypes?.createPolicy('hearth-worker', {
    createScriptURL: only,
  });
  return policy?.createScriptURL('') ?? only();
}

class Worker {
  /** A newer version is here and waits. */
  isNewer = $state(false);

  #registered: Promise<ServiceWorkerRegistration> | null = null;
  #asked = false;
  #planned = false;

  get possible(): boolean {
    return 'serviceWorker' in navigator;
  }

  /** Once, when the page has had time to come up; not for whoever saves data. */
  registerLater(): void {
    if (this.#planned || !this.possible || savesData()) return;
    this.#planned = true;
    setTimeout(() => void this.register().catch(() => undefined), LATER_MS);
  }

  /** Rejects where the browser refuses. */
  register(): Promise<ServiceWorkerRegistration> {
    this.#registered ??= navigator.serviceWorker.register(workerUrl()).then((registration) => {
      this.#watch(registration);
      return registration;
    });
    return this.#registered;
  }

  /** The member asked for it: nothing that is being written or waits is lost by it. */
  async use(): Promise<void> {
    this.#asked = true;
    (await this.register()).waiting?.postMessage('take over');
  }

  #watch(registration: ServiceWorkerRegistration): void {
    const look = (): void => {
      this.isNewer = registration.waiting !== null && navigator.serviceWorker.controller !== null;
    };
    look();
    registration.addEventListener('updatefound', () => {
      registration.installing?.addEventListener('statechange', look);
    });
    navigator.serviceWorker.addEventListener('controllerchange', () => {
      this.isNewer = false;
      if (this.#asked) location.reload();
    });
  }
}

function savesData(): boolean {
  return (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
}

export const worker = new Worker();
