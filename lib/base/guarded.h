// SPDX-License-Identifier: Apache-2.0
// Data that cannot be reached without its lock. At most one is held at a time, never across I/O.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace holdfast {

template <class T>
class Guarded {
 public:
  class Lock {
   public:
    T* operator->() { return &data_; }
    T& operator*() { return data_; }
    std::unique_lock<std::mutex>& mutex() { return lock_; }

   private:
    friend class Guarded;
    Lock(T& data, std::mutex& mutex) : data_(data), lock_(mutex) {}

    T& data_;
    std::unique_lock<std::mutex> lock_;
  };

  template <class... Args>
  explicit Guarded(Args&&... args) : data_(std::forward<Args>(args)...) {}

  Lock lock() { return Lock(data_, mutex_); }

 private:
  T data_;
  std::mutex mutex_;
};

}  // namespace holdfast
