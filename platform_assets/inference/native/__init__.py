"""The native engine: a small C kernel that scores LightGBM text models bit for bit as LightGBM does, and faster."""
