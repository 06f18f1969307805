/**
 * Time stamp of everything on the card, seconds since 1970: 2000-01-01T00:00:00Z. Fixed, so that two builds give
 * the same bytes; early, because a device whose clock has lost its battery must not find the card dated in the future.
 */
export const CARD_EPOCH = Date.UTC(2000, 0, 1) / 1000;
