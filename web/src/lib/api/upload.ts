import { common } from '$lib/i18n';
import { ApiError, errorFromResponse, reportStatus } from './client';
import type { UploadedFile } from './types';

export type Upload = { done: Promise<UploadedFile>; cancel: () => void };

/** fetch() cannot report how much of a body has gone out, so uploads use XMLHttpRequest. */
export function uploadFile(workspace: number, file: File, onProgress: (fraction: number) => void): Upload {
  const path = `/api/workspaces/${workspace}/attachments`;
  const xhr = new XMLHttpRequest();
  const done = new Promise<UploadedFile>((resolve, reject) => {
    xhr.open('POST', path);
    xhr.setRequestHeader('X-ISM-Client', 'web');
    xhr.setRequestHeader('Accept', 'application/json');
    xhr.upload.onprogress = (e) => {
      if (e.lengthComputable && e.total > 0) onProgress(e.loaded / e.total);
    };
    xhr.onload = () => {
      if (xhr.status < 200 || xhr.status >= 300) {
        reportStatus(xhr.status, path);
        reject(errorFromResponse(xhr.status, xhr.responseText, xhr.getResponseHeader('Retry-After')));
        return;
      }
      try {
        resolve(JSON.parse(xhr.responseText) as UploadedFile);
      } catch {
        reject(new ApiError(xhr.status, 'not_json', common.errors.server));
      }
    };
    xhr.onerror = () => reject(new ApiError(0, 'network', common.errors.network));
    xhr.onabort = () => reject(new ApiError(0, 'cancelled', common.errors.cancelled));
    const form = new FormData();
    form.append('file', file, file.name);
    xhr.send(form);
  });
  return { done, cancel: () => xhr.abort() };
}
