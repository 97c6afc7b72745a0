"""What a Dockerfile and an image can be asked without building: graph, causes of reruns, sizes, waste, findings."""
