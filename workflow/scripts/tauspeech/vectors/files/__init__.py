"""Files of models: safetensors read and written in pieces, model folders, hashes of contents."""
