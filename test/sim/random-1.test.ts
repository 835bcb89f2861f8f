import { tellSeeds } from './random-seeds.js'

tellSeeds(1, 4)
