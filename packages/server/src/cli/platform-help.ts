/** What `--platform` says about itself, in both command lines. */
export const platformHelp =
  "What SavedModels run on: onnxruntime (built in), tensorflow (TensorFlow's own library) or auto (TensorFlow for what " +
  'onnxruntime cannot take, where the library is found).';
