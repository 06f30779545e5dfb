CREATE DATABASE vectors OWNER fusedex;
