// protobuf's JSON mapping of the messages in proto/tomoslab/v1: int64 as strings, zeros and empty values left out.
export interface Stopping {
  iterations?: number;
}
export interface Vector3 {
  x?: number;
  y?: number;
  z?: number;
}
export interface Volume {
  columns: number;
  rows: number;
  slices: number;
  voxelWidthMm: number;
  voxelHeightMm?: number;
  centerMm?: Vector3;
}
export interface JobSpec {
  displayName?: string;
  scan: string;
  volume?: Volume;
  algorithm?: Record<string, any>;
  priority?: number;
  [key: string]: any;
}
export interface Phases {
  projection?: number;
  exchange?: number;
  backprojection?: number;
  update?: number;
}
export interface RankTimes {
  seconds?: Phases;
  sentBytes?: string;
}
export interface Iteration {
  iteration?: number;
  misfit?: number;
  relativeResidual?: number;
  step?: number;
  seconds?: Phases;
  exchangedBytes?: string;
  elapsedSeconds?: number;
  changedLabels?: string;
  freeFraction?: number;
  rank?: RankTimes[];
}
export interface Material {
  name?: string;
  greyValuePerMm?: number;
  voxels?: string;
  volumeMm3?: number;
}
export interface Materials {
  entry?: Material[];
}
export interface Job {
  name: string;
  spec?: JobSpec;
  state?: string;
  statusMessage?: string;
  createTime?: string;
  startTime?: string;
  endTime?: string;
  lastIteration?: Iteration;
  iterationsPlanned?: number;
  attempts?: number;
  pool?: string;
  slicesDone?: number;
  owner?: string;
  materials?: Materials;
}
export interface Rank {
  rank?: number;
  host?: string;
  device?: string;
  sliceBegin?: number;
  sliceEnd?: number;
  memoryBytes?: string;
  deviceMemoryBytes?: string;
  streamed?: boolean;
}
export interface Usage {
  rank?: number;
  residentBytes?: string;
  deviceBytes?: string;
  cpuSeconds?: number;
  seconds?: number;
}
export interface Pool {
  name: string;
  ranks?: number;
  rank?: Rank[];
  job?: string;
  local?: boolean;
  usage?: Usage[];
}
export interface ServerInfo {
  version?: string;
  pool?: Pool[];
  queuedJobs?: number;
  storeFreeBytes?: string;
  storeTotalBytes?: string;
}
export interface Preview {
  iteration?: number;
  plane: string;
  index?: number;
  rows: number;
  columns: number;
}
export interface JobEvent {
  sequence: string;
  time?: string;
  stateChange?: { state: string; reason?: string };
  iteration?: Iteration;
  slicesReady?: { begin?: number; end?: number };
  previewReady?: Preview;
  log?: { severity?: string; text?: string; rank?: number };
  pool?: { pool?: string; rank?: Rank[] };
  materials?: Materials;
  checkpoint?: { kind?: string; iteration?: number; bytes?: string; seconds?: number };
}
export interface Orbit {
  beam?: string;
  sourceObjectDistanceMm?: number;
  sourceDetectorDistanceMm?: number;
  angleDeg?: number[];
  detectorShiftUMm?: number;
  detectorShiftVMm?: number;
}
export interface Scan {
  name: string;
  displayName?: string;
  viewCount?: number;
  geometry?: {
    detector?: { rows: number; columns: number; pixelWidthMm: number; pixelHeightMm?: number };
    circular?: Orbit;
    vectors?: { beam?: string; value?: number[] };
  };
}
export interface Identity {
  authenticated?: boolean;
  role?: string;
  user?: string;
}
export interface Image {
  data: Float32Array;
  rows: number;
  columns: number;
  index: number;
  iteration: number;
}
