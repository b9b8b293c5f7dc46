/** Hands the reader a file that is in memory already, as if it had been a link. */
export function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it a moment later; then nothing of it stays in this page.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
