"""The live layer: sockets, hubs and brokers. It knows no feature."""
