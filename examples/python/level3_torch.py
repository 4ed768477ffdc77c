"""Level 3 with PyTorch: the same network, data and batch size as examples/level3_mnist.rs.

    python examples/python/level3_torch.py --device cpu --batch-size 512 --threads 2
    python examples/python/level3_torch.py --device cpu --batch-size 512 --threads 2 --preload
    python examples/python/level3_torch.py --device gpu --batch-size 512 --preload

The usual DataLoader prepares each batch with two worker processes while the current one
computes. --preload puts all images on the device once instead, as the Rust program does.
--best is PyTorch at its best without a compiler: images with their channels last in memory, and an
Adam that updates all parameters in one go. --compile translates the network before, as well.
"""

import argparse
import gzip
import json
import os
import resource
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

MEAN, DEVIATION = 0.1307, 0.3081  # of all pixels of MNIST


class SimpleCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(64 * 7 * 7, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):  # [batch, 1, 28, 28]
        x = self.pool(torch.relu(self.conv1(x)))  # [batch, 32, 14, 14]
        x = self.pool(torch.relu(self.conv2(x)))  # [batch, 64, 7, 7]
        x = torch.flatten(x, 1)  # [batch, 3136]
        x = torch.relu(self.fc1(x))  # [batch, 128]
        return self.fc2(x)  # [batch, 10]


class Digits(Dataset):
    """One image at a time, turned into a normalised tensor when it is asked for."""

    def __init__(self, pixels, labels):
        self.pixels, self.labels = pixels, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = torch.from_numpy(self.pixels[index]).float() / 255
        return (image.unsqueeze(0) - MEAN) / DEVIATION, int(self.labels[index])


def read(folder, name):
    """The bytes of an IDX file, plain or gzip; some sites write a dot where others write a dash."""
    for path in (folder / (n + ending) for n in (name, name.replace("-idx", ".idx")) for ending in ("", ".gz")):
        if path.exists():
            data = path.read_bytes()
            return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    raise SystemExit(f"error: {folder} holds no {name} (plain or .gz); scripts/get-mnist.sh fetches it")


def load(folder, part):
    pixels = np.frombuffer(read(folder, f"{part}-images-idx3-ubyte"), np.uint8, offset=16)
    labels = np.frombuffer(read(folder, f"{part}-labels-idx1-ubyte"), np.uint8, offset=8)
    return pixels.reshape(-1, 28, 28).copy(), labels.copy()


def preloaded(pixels, labels, device):
    """All images on the device, normalised."""
    images = torch.from_numpy(pixels).to(device).unsqueeze(1).float() / 255
    return (images - MEAN) / DEVIATION, torch.from_numpy(labels).long().to(device)


def batches(args, pixels, labels, device):
    """An endless supply of epochs; each is a list or a loader of batches on the device."""
    if not args.preload:
        loader = DataLoader(Digits(pixels, labels), args.batch_size, shuffle=True, num_workers=2)
        while True:
            yield ((x.to(device), y.to(device)) for x, y in loader)
    images, labels = preloaded(pixels, labels, device)
    while True:
        order = torch.randperm(len(labels), device=device).split(args.batch_size)
        yield ((images[chosen], labels[chosen]) for chosen in order)


def network(args, device):
    """A network that has learned nothing, and its optimiser, in the form that the flags ask for."""
    model = SimpleCNN().to(device)
    if args.best:
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=args.best or None)
    return (torch.compile(model) if args.compile else model), optimizer


def synchronise(device):
    if device.type == "cuda":
        torch.cuda.synchronize()  # GPU work is asynchronous: wait before the clock stops


def train_step(model, optimizer, criterion, images, labels):
    optimizer.zero_grad()
    loss = criterion(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss


def main():
    parser = argparse.ArgumentParser(description="Level 3 with PyTorch")
    parser.add_argument("--device", default="cpu", metavar="cpu|gpu", choices=["cpu", "cuda"],
                        type=lambda name: name.replace("gpu", "cuda"))  # PyTorch's name for a GPU
    parser.add_argument("--batch-size", type=int, default=512, metavar="N")
    parser.add_argument("--epochs", type=int, default=1, metavar="N")
    parser.add_argument("--threads", type=int, default=int(os.environ.get("SLURM_CPUS_PER_TASK") or 1), metavar="N")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MNIST_DIR") or "data/mnist"), metavar="DIR")
    parser.add_argument("--seed", type=int, default=42, metavar="N")
    parser.add_argument("--preload", action="store_true", help="all images on the device at once")
    parser.add_argument("--best", action="store_true", help="channels last, and a fused Adam")
    parser.add_argument("--compile", action="store_true", help="torch.compile; needs a C++ compiler")
    parser.add_argument("--json", type=Path, metavar="FILE", help="append the results to FILE")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    pixels, labels = load(args.data, "train")
    criterion = nn.CrossEntropyLoss()
    model, optimizer = network(args, device)
    supply = batches(args, pixels, labels, device)

    # First use: a throw-away model takes a step, and the test images are read.
    test_images, test_labels = preloaded(*load(args.data, "t10k"), device)
    start = time.perf_counter()
    trial, trial_optimizer = network(args, device)
    last = len(labels) % args.batch_size or args.batch_size  # an epoch's last batch may be smaller
    for size in {args.batch_size, last}:
        train_step(trial, trial_optimizer, criterion, test_images[:size], test_labels[:size])
    synchronise(device)
    warm_up = time.perf_counter() - start

    start = time.perf_counter()
    for _ in range(args.epochs):
        for images, wanted in next(supply):
            loss = train_step(model, optimizer, criterion, images, wanted)
    synchronise(device)
    training = time.perf_counter() - start

    start = time.perf_counter()
    with torch.no_grad():
        guesses = torch.cat([model(some).argmax(1) for some in test_images.split(1000)])
        accuracy = (guesses == test_labels).double().mean().item()
    evaluation = time.perf_counter() - start

    print(f"warm-up {warm_up:.2f} s, training {training:.2f} s, evaluation {evaluation:.2f} s")
    print(f"{len(labels) * args.epochs / training:.0f} images/s, accuracy {100 * accuracy:.2f} %")
    if args.json:
        results = {
            "warmup_s": warm_up,
            "train_s": training,
            "evaluate_s": evaluation,
            "loss": loss.item(),
            "accuracy": accuracy,
            "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }
        with args.json.open("a") as file:
            file.write(json.dumps(results) + "\n")


if __name__ == "__main__":
    main()
