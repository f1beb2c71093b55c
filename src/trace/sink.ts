/** Where traced steps go: integers only, rendered by whoever reads them later. A world without a sink traces nothing. */
export interface TraceSink {
  /**
   * Records one step of one packet.
   *
   * @param time ns since boot
   * @param kind a STEP number
   * @param packet identity of the packet (`id`, not its row), 0 if the step is about none
   * @param ns namespace row, 0 if none
   * @param dev device row, 0 if none
   * @param a what the kind says
   * @param b what the kind says
   * @param snap row in the sink owner's packet table of the packet as it was at that instant, 0 if not kept
   */
  step(time: number, kind: number, packet: number, ns: number, dev: number, a: number, b: number, snap: number): void;
}
