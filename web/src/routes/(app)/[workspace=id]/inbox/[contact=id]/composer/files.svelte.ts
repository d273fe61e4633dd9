import { errorText } from '$lib/api/client';
import type { UploadedFile } from '$lib/api/types';
import { uploadFile, type Upload } from '$lib/api/upload';

export type Attached = {
  key: number;
  name: string;
  type: string;
  size: number;
  progress: number;
  error: string | null;
  uploaded: UploadedFile | null;
  preview: string | null;
};

/** Files on their way into a message. Each uploads at once, while the text is still being written. */
export class Files {
  list = $state<Attached[]>([]);
  readonly #uploads = new Map<number, Upload>();
  #next = 1;

  constructor(
    private readonly workspace: number,
    kept: UploadedFile[]
  ) {
    this.list = kept.map((file) => ({
      key: this.#next++,
      name: file.file_name,
      type: file.mime,
      size: file.size,
      progress: 1,
      error: null,
      uploaded: file,
      preview: file.kind === 'image' ? file.url : null
    }));
  }

  get uploading(): boolean {
    return this.list.some((f) => !f.uploaded && !f.error);
  }

  get uploaded(): UploadedFile[] {
    return this.list.flatMap((f) => (f.uploaded ? [f.uploaded] : []));
  }

  add(file: File): void {
    const key = this.#next++;
    this.list.push({
      key,
      name: file.name,
      type: file.type,
      size: file.size,
      progress: 0,
      error: null,
      uploaded: null,
      preview: file.type.startsWith('image/') ? URL.createObjectURL(file) : null
    });
    const entry = () => this.list.find((f) => f.key === key);
    const upload = uploadFile(this.workspace, file, (fraction) => {
      const held = entry();
      if (held) held.progress = fraction;
    });
    this.#uploads.set(key, upload);
    upload.done.then(
      (uploaded) => {
        const held = entry();
        if (held) Object.assign(held, { uploaded, progress: 1 });
      },
      (error: unknown) => {
        const held = entry();
        if (held) held.error = errorText(error);
      }
    );
  }

  remove(key: number): void {
    const held = this.list.find((f) => f.key === key);
    if (held && !held.uploaded) this.#uploads.get(key)?.cancel();
    if (held?.preview?.startsWith('blob:')) URL.revokeObjectURL(held.preview);
    this.#uploads.delete(key);
    this.list = this.list.filter((f) => f.key !== key);
  }

  clear(): void {
    for (const file of [...this.list]) this.remove(file.key);
  }
}
