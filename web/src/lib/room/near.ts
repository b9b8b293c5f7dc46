/** Tells each element whether it stands near what its scrolling window shows. */
type Tell = (near: boolean, height: number) => void;

/** A screen and a half above and below: more than anybody scrolls before the next picture is drawn. */
const MARGIN = '150% 0px';

export class Near {
  #observer: IntersectionObserver | undefined;
  #told = new Map<Element, Tell>();

  /** `tell` hears whenever that changes, and how many pixels high `element` was then; answers how to stop. */
  watch(element: Element, tell: Tell): () => void {
    this.#observer ??= this.#open(element.closest('.log'));
    this.#told.set(element, tell);
    this.#observer.observe(element);
    return () => {
      this.#observer?.unobserve(element);
      this.#told.delete(element);
    };
  }

  #open(root: Element | null): IntersectionObserver {
    return new IntersectionObserver(
      (seen) => {
        for (const { target, isIntersecting, boundingClientRect } of seen)
          this.#told.get(target)?.(isIntersecting, boundingClientRect.height);
      },
      { root, rootMargin: MARGIN },
    );
  }
}
