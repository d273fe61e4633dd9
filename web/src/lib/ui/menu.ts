import type { Component } from 'svelte';

export type MenuItem =
  | {
      label: string;
      icon?: Component<{ size?: number }>;
      hint?: string;
      danger?: boolean;
      disabled?: boolean;
      onSelect?: () => void;
    }
  | { heading: string }
  | { separator: true }
  | {
      radio: string;
      value: string;
      options: { value: string; label: string }[];
      onChange: (value: string) => void;
    };
