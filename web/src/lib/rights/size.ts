/** A file's size as people say it: "12 KB", "3.4 MB". */
export function inSize(bytes: number): string {
  const kilobytes = bytes / 1000;
  if (kilobytes < 1000) return `${Math.max(1, Math.round(kilobytes))} KB`;
  return `${(kilobytes / 1000).toFixed(1)} MB`;
}
